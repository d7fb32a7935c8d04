INSERT INTO installation (id) VALUES (gen_random_uuid());
