import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GatedStage } from './gated-plugin/gate.js';
import { wait } from './patience.js';

/** The places where services of the gated plugin can be held. */
export interface Gates {
  close(service: string, stage: GatedStage): Promise<void>;
  open(service: string, stage: GatedStage): Promise<void>;
  /** Resolves once a deployment of the service stands at the gate; each coming is told once. */
  held(service: string, stage: GatedStage): Promise<void>;
}

export function createGates(dataDir: string): Gates {
  const path = (service: string, stage: string) => join(dataDir, 'gates', service, stage);
  return {
    async close(service, stage) {
      await mkdir(join(dataDir, 'gates', service), { recursive: true });
      await rm(`${path(service, stage)}.held`, { force: true });
      await writeFile(path(service, stage), '');
    },
    open: (service, stage) => rm(path(service, stage), { force: true }),
    async held(service, stage) {
      const mark = `${path(service, stage)}.held`;
      await wait(`${service} stands at ${stage}`, async () =>
        access(mark).then(
          () => true,
          () => null,
        ),
      );
      await rm(mark, { force: true });
    },
  };
}
