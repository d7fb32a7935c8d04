CREATE TABLE "release_samples" (
	"service_id" uuid NOT NULL,
	"environment" text NOT NULL,
	"step_seconds" integer NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"deployment_id" uuid NOT NULL,
	"seconds" double precision DEFAULT 0 NOT NULL,
	"cpu_seconds" double precision DEFAULT 0 NOT NULL,
	"received_bytes" double precision DEFAULT 0 NOT NULL,
	"sent_bytes" double precision DEFAULT 0 NOT NULL,
	"memory_bytes" bigint,
	"memory_limit_bytes" bigint,
	"pids" integer,
	"replicas" integer,
	"restarts" integer,
	"responses" integer[] DEFAULT '{}' NOT NULL,
	"durations" integer[] DEFAULT '{}' NOT NULL,
	CONSTRAINT "release_samples_pk" PRIMARY KEY("service_id","environment","step_seconds","at","deployment_id")
);
--> statement-breakpoint
ALTER TABLE "release_samples" ADD CONSTRAINT "release_samples_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "release_samples_age" ON "release_samples" USING btree ("step_seconds","at");