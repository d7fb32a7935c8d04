import postgres from 'postgres';

/** Whether a server takes a real query at `url`. `refused` means that it will never do so with this password. */
export async function probe(url: string): Promise<'ready' | 'not yet' | 'refused'> {
  const sql = postgres(url, { max: 1, connect_timeout: 2, onnotice: () => {}, fetch_types: false });
  try {
    await sql`select 1`;
    return 'ready';
  } catch (error) {
    return (error as { code?: string }).code === '28P01' ? 'refused' : 'not yet';
  } finally {
    await sql.end({ timeout: 0 });
  }
}
