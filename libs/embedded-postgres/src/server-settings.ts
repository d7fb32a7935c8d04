/** Small, because an idle platform should cost little: no parallel queries, no replication, one vacuum worker. */
const lean = {
  shared_buffers: '16MB',
  max_connections: '200',
  work_mem: '4MB',
  maintenance_work_mem: '32MB',
  autovacuum: 'on',
  autovacuum_max_workers: '1',
  autovacuum_worker_slots: '1',
  max_worker_processes: '1',
  max_parallel_workers: '0',
  max_parallel_workers_per_gather: '0',
  max_logical_replication_workers: '0',
  max_wal_senders: '0',
  wal_level: 'minimal',
  min_wal_size: '32MB',
  max_wal_size: '256MB',
  io_method: 'sync',
  huge_pages: 'off',
  jit: 'off',
  unix_socket_directories: '',
  log_min_messages: 'warning',
  timezone: 'UTC',
};

/** For data that nobody misses: nothing waits for the disk. */
const fleeting = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

/** The server's command line, without the program. */
export function serverArguments(clusterDir: string, port: number, durable: boolean): string[] {
  const settings = { ...lean, ...(durable ? {} : fleeting), listen_addresses: '127.0.0.1', port: String(port) };
  return ['-D', clusterDir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}
