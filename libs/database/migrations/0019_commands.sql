CREATE TABLE "command_chunks" (
	"command_id" uuid NOT NULL,
	"first_seq" integer NOT NULL,
	"last_seq" integer NOT NULL,
	"lines" text NOT NULL,
	CONSTRAINT "command_chunks_command_id_first_seq_pk" PRIMARY KEY("command_id","first_seq")
);
--> statement-breakpoint
CREATE TABLE "commands" (
	"id" uuid PRIMARY KEY NOT NULL,
	"service_id" uuid NOT NULL,
	"environment" text NOT NULL,
	"deployment_id" uuid,
	"argv" jsonb NOT NULL,
	"trigger" jsonb NOT NULL,
	"schedule" text,
	"scheduled_for" timestamp with time zone,
	"timeout_seconds" integer NOT NULL,
	"status" text DEFAULT 'queued' NOT NULL,
	"exit_code" integer,
	"error" jsonb,
	"lacked_by" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"attempt" integer DEFAULT 1 NOT NULL,
	"dispatched_at" timestamp with time zone,
	"dispatched_to" text,
	"lease_owner" text,
	"lease_until" timestamp with time zone,
	"cancel_requested_at" timestamp with time zone,
	"idempotency_key" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"started_at" timestamp with time zone,
	"finished_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "services" ADD COLUMN "schedules" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "command_chunks" ADD CONSTRAINT "command_chunks_command_id_commands_id_fk" FOREIGN KEY ("command_id") REFERENCES "public"."commands"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "commands" ADD CONSTRAINT "commands_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "commands_service" ON "commands" USING btree ("service_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "commands_tick" ON "commands" USING btree ("service_id","schedule","scheduled_for");--> statement-breakpoint
CREATE UNIQUE INDEX "commands_idempotency" ON "commands" USING btree ("service_id","idempotency_key");--> statement-breakpoint
CREATE INDEX "commands_unfinished" ON "commands" USING btree ("service_id","id") WHERE status in ('queued', 'running');--> statement-breakpoint
CREATE FUNCTION notify_commands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('commands', NEW.id::text);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER command_created AFTER INSERT ON commands FOR EACH ROW EXECUTE FUNCTION notify_commands();
--> statement-breakpoint
CREATE TRIGGER command_changed AFTER UPDATE ON commands FOR EACH ROW
  WHEN (OLD.status <> NEW.status OR OLD.attempt <> NEW.attempt)
  EXECUTE FUNCTION notify_commands();
--> statement-breakpoint
CREATE TRIGGER cancel_requested AFTER UPDATE OF cancel_requested_at ON commands FOR EACH ROW
  WHEN (OLD.cancel_requested_at IS NULL AND NEW.cancel_requested_at IS NOT NULL)
  EXECUTE FUNCTION notify_cancellations();
--> statement-breakpoint
CREATE FUNCTION notify_command_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('logs', NEW.command_id::text);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER command_wrote AFTER INSERT ON command_chunks FOR EACH ROW EXECUTE FUNCTION notify_command_lines();
--> statement-breakpoint
CREATE FUNCTION notify_schedules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('schedules', NEW.id::text);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER schedules_made AFTER INSERT ON services FOR EACH ROW
  WHEN (NEW.schedules <> '[]'::jsonb) EXECUTE FUNCTION notify_schedules();
--> statement-breakpoint
CREATE TRIGGER schedules_changed AFTER UPDATE OF schedules, deleted_at ON services FOR EACH ROW
  WHEN (OLD.schedules <> NEW.schedules OR (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL))
  EXECUTE FUNCTION notify_schedules();
