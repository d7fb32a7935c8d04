CREATE FUNCTION notify_disabled_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('disabled_entries', '');
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER disabled_entries_changed AFTER INSERT OR DELETE ON disabled_entries FOR EACH STATEMENT EXECUTE FUNCTION notify_disabled_entries();
