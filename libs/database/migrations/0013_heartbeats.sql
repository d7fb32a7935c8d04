-- A trigger for each statement fires at every heartbeat, which inserts where it does not update.
DROP TRIGGER worker_came_or_went ON workers;
--> statement-breakpoint
CREATE TRIGGER worker_came_or_went AFTER INSERT OR DELETE ON workers FOR EACH ROW EXECUTE FUNCTION notify_workers();
