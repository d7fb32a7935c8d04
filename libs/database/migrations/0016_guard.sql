CREATE TABLE "release_traffic" (
	"deployment_id" uuid PRIMARY KEY NOT NULL,
	"requests" bigint NOT NULL,
	"failures" bigint NOT NULL
);
--> statement-breakpoint
ALTER TABLE "output_chunks" ALTER COLUMN "first_seq" SET DATA TYPE bigint;--> statement-breakpoint
ALTER TABLE "output_chunks" ALTER COLUMN "last_seq" SET DATA TYPE bigint;--> statement-breakpoint
ALTER TABLE "output_heads" ALTER COLUMN "last_seq" SET DATA TYPE bigint;--> statement-breakpoint
ALTER TABLE "deployments" ADD COLUMN "replaced" jsonb;--> statement-breakpoint
ALTER TABLE "release_traffic" ADD CONSTRAINT "release_traffic_deployment_id_deployments_id_fk" FOREIGN KEY ("deployment_id") REFERENCES "public"."deployments"("id") ON DELETE cascade ON UPDATE no action;