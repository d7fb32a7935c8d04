CREATE FUNCTION notify_workers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('workers', '');
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER worker_came_or_went AFTER INSERT OR DELETE ON workers FOR EACH STATEMENT EXECUTE FUNCTION notify_workers();
--> statement-breakpoint
CREATE TRIGGER worker_changed AFTER UPDATE ON workers FOR EACH ROW
  WHEN (OLD.capabilities IS DISTINCT FROM NEW.capabilities OR OLD.labels IS DISTINCT FROM NEW.labels OR OLD.slots <> NEW.slots
    OR NEW.last_heartbeat_at < OLD.last_heartbeat_at OR OLD.last_heartbeat_at < now() - interval '30 seconds')
  EXECUTE FUNCTION notify_workers();
