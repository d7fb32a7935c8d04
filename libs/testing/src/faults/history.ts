import type { Sql } from 'postgres';

/** Lets the database itself write down every change of a status and of a route, so that nothing passes unseen. */
export async function recordHistory(sql: Sql): Promise<void> {
  await sql.unsafe(`
    create schema faults;
    create table faults.statuses (nr bigserial, at timestamptz default clock_timestamp(), deployment_id uuid, was text, became text,
      epoch integer, owner text);
    create table faults.switches (nr bigserial, at timestamptz default clock_timestamp(), backend integer default pg_backend_pid(), service_id uuid, environment text, deployment_id uuid,
      version bigint);
    create function faults.note_status() returns trigger language plpgsql as $$ begin
      if tg_op = 'INSERT' then insert into faults.statuses (deployment_id, was, became, epoch) values (new.id, null, new.status, new.lease_epoch);
      elsif old.status <> new.status or old.lease_epoch <> new.lease_epoch then
        insert into faults.statuses (deployment_id, was, became, epoch, owner) values (new.id, old.status, new.status, new.lease_epoch, new.lease_owner);
      end if;
      return null; end $$;
    create trigger faults_status after insert or update on deployments for each row execute function faults.note_status();
    create function faults.note_switch() returns trigger language plpgsql as $$ begin
      if tg_op = 'INSERT' or old.deployment_id <> new.deployment_id then
        insert into faults.switches (service_id, environment, deployment_id, version) values (new.service_id, new.environment, new.deployment_id, new.version);
      end if;
      return null; end $$;
    create trigger faults_switch after insert or update on releases for each row execute function faults.note_switch();
  `);
}
