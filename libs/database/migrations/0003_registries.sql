CREATE TABLE "disabled_entries" (
	"kind" text NOT NULL,
	"entry_id" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "disabled_entries_kind_entry_id_pk" PRIMARY KEY("kind","entry_id")
);
--> statement-breakpoint
CREATE TABLE "registry_lookups" (
	"deployment_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"entry_id" text NOT NULL,
	"version" text NOT NULL,
	"found" boolean NOT NULL,
	"worker_id" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "registry_lookups_deployment_id_kind_entry_id_version_pk" PRIMARY KEY("deployment_id","kind","entry_id","version")
);
--> statement-breakpoint
ALTER TABLE "deployments" ADD COLUMN "source_used" jsonb;--> statement-breakpoint
ALTER TABLE "services" ADD COLUMN "fallback_sources" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "workers" ADD COLUMN "labels" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "registry_lookups" ADD CONSTRAINT "registry_lookups_deployment_id_deployments_id_fk" FOREIGN KEY ("deployment_id") REFERENCES "public"."deployments"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "registry_lookups_entry" ON "registry_lookups" USING btree ("kind","entry_id","deployment_id");