CREATE SEQUENCE release_version;
--> statement-breakpoint
-- Whoever follows routes, deployments or logs is told by the database itself: no writer can forget.
CREATE FUNCTION notify_routes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('routes', '');
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER routes_changed AFTER INSERT OR UPDATE OR DELETE ON releases FOR EACH STATEMENT EXECUTE FUNCTION notify_routes();
--> statement-breakpoint
CREATE TRIGGER routes_changed AFTER INSERT OR UPDATE OR DELETE ON hostnames FOR EACH STATEMENT EXECUTE FUNCTION notify_routes();
--> statement-breakpoint
CREATE TRIGGER routes_changed AFTER UPDATE OF name, deleted_at OR DELETE ON services FOR EACH STATEMENT EXECUTE FUNCTION notify_routes();
--> statement-breakpoint
CREATE FUNCTION notify_gateways() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('gateways', '');
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER routes_acknowledged AFTER INSERT OR UPDATE OF routes_version ON gateways FOR EACH STATEMENT EXECUTE FUNCTION notify_gateways();
--> statement-breakpoint
CREATE FUNCTION notify_deployments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('deployments', NEW.id::text);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER deployment_created AFTER INSERT ON deployments FOR EACH ROW EXECUTE FUNCTION notify_deployments();
--> statement-breakpoint
CREATE TRIGGER deployment_changed AFTER UPDATE ON deployments FOR EACH ROW
  WHEN (OLD.status <> NEW.status OR OLD.stage IS DISTINCT FROM NEW.stage OR OLD.attempt <> NEW.attempt)
  EXECUTE FUNCTION notify_deployments();
--> statement-breakpoint
CREATE FUNCTION notify_services() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('services', NEW.id::text);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER service_deleted AFTER UPDATE OF deleted_at ON services FOR EACH ROW
  WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL)
  EXECUTE FUNCTION notify_services();
--> statement-breakpoint
CREATE FUNCTION notify_logs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('logs', NEW.deployment_id::text);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER log_written AFTER INSERT ON log_chunks FOR EACH ROW EXECUTE FUNCTION notify_logs();
--> statement-breakpoint
CREATE FUNCTION notify_cancellations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('cancellations', NEW.id::text);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER cancel_requested AFTER UPDATE OF cancel_requested_at ON deployments FOR EACH ROW
  WHEN (OLD.cancel_requested_at IS NULL AND NEW.cancel_requested_at IS NOT NULL)
  EXECUTE FUNCTION notify_cancellations();
