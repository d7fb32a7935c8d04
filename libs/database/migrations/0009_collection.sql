CREATE TABLE "installation" (
	"id" uuid PRIMARY KEY NOT NULL
);
--> statement-breakpoint
DROP INDEX "deployments_unfinished";--> statement-breakpoint
ALTER TABLE "deployments" ADD COLUMN "artifact_discarded_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "uploads" ADD COLUMN "renewed_at" timestamp with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
CREATE INDEX "deployments_service" ON "deployments" USING btree ("service_id","id","environment");--> statement-breakpoint
CREATE INDEX "deployments_started" ON "deployments" USING btree ("service_id","environment") WHERE instance is not null;--> statement-breakpoint
CREATE INDEX "deployments_with_artifact" ON "deployments" USING btree ("service_id","environment","id") WHERE artifact is not null and artifact_discarded_at is null;--> statement-breakpoint
CREATE INDEX "deployments_unfinished" ON "deployments" USING btree ("service_id","environment","id") WHERE status in ('queued', 'running');