-- A user's own value may be an object with the one key "sealed"; none has "$sealed".
CREATE FUNCTION rename_sealed(value jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT regexp_replace(value::text, '\{"sealed": "([0-9a-f]{8}\.[A-Za-z0-9_-]+)"\}', '{"$sealed": "\1"}', 'g')::jsonb
$$;
--> statement-breakpoint
UPDATE services SET provider_config = rename_sealed(provider_config), builder_config = rename_sealed(builder_config),
  runtime_config = rename_sealed(runtime_config), variables = rename_sealed(variables), fallback_sources = rename_sealed(fallback_sources);
--> statement-breakpoint
UPDATE deployments SET snapshot = rename_sealed(snapshot);
--> statement-breakpoint
DROP FUNCTION rename_sealed(jsonb);
