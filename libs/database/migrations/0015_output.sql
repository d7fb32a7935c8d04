CREATE TABLE "output_chunks" (
	"service_id" uuid NOT NULL,
	"environment" text NOT NULL,
	"first_seq" integer NOT NULL,
	"last_seq" integer NOT NULL,
	"deployment_id" uuid NOT NULL,
	"bytes" integer NOT NULL,
	"lines" text NOT NULL,
	CONSTRAINT "output_chunks_service_id_environment_first_seq_pk" PRIMARY KEY("service_id","environment","first_seq")
);
--> statement-breakpoint
CREATE TABLE "output_heads" (
	"service_id" uuid NOT NULL,
	"environment" text NOT NULL,
	"last_seq" integer NOT NULL,
	CONSTRAINT "output_heads_service_id_environment_pk" PRIMARY KEY("service_id","environment")
);
--> statement-breakpoint
CREATE TABLE "output_keepers" (
	"deployment_id" uuid PRIMARY KEY NOT NULL,
	"keeper" text NOT NULL,
	"kept_until" timestamp with time zone NOT NULL,
	"position" text
);
--> statement-breakpoint
ALTER TABLE "output_chunks" ADD CONSTRAINT "output_chunks_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "output_heads" ADD CONSTRAINT "output_heads_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "output_keepers" ADD CONSTRAINT "output_keepers_deployment_id_deployments_id_fk" FOREIGN KEY ("deployment_id") REFERENCES "public"."deployments"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE FUNCTION notify_output() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('output', NEW.service_id::text);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER output_written AFTER INSERT ON output_chunks FOR EACH ROW EXECUTE FUNCTION notify_output();
