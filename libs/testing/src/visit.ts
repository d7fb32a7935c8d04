import { type IncomingHttpHeaders, request } from 'node:http';

export interface Page {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** Asks a gateway for a page of a hostname, without any name resolution. */
export function visit(
  gatewayUrl: string,
  hostname: string,
  path = '/',
  headers: Record<string, string> = {},
): Promise<Page> {
  const { port, hostname: address } = new URL(gatewayUrl);
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: address, port, path, headers: { ...headers, host: hostname }, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}
