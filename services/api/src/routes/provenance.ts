import { problems as problemsOf } from '@pierhead/http';
import { ProvenanceEnvelope, ProvenanceKey } from '@pierhead/model';
import { notFound, unknownDeployment } from '../problems.js';
import { sealStatement } from '../provenance-envelope.js';
import { isMade, provenanceView } from '../provenance-view.js';
import type { Routes } from '../routes.js';
import { idParams, problems } from '../schemas.js';

const tags = ['Deployments'];

export const provenanceRoutes: Routes = async (app, context) => {
  app.get(
    '/deployments/:id/provenance',
    {
      schema: {
        tags,
        operationId: 'readProvenance',
        summary: "Read how a deployment's artifact came about, signed",
        description:
          'A DSSE envelope around an in-toto statement with a SLSA predicate, signed when it is asked for from what was recorded with the artifact. `GET /provenance-key` has the key. An artifact that was reused or brought back names the deployment that built it as `invocationId`.',
        params: idParams,
        response: { 200: ProvenanceEnvelope, ...problems(404) },
      },
    },
    async ({ params }) => {
      const row = await context.deployments.find(params.id);
      if (!row) throw unknownDeployment();
      if (!isMade(row)) throw noProvenance(row.artifact !== null);
      return sealStatement(provenanceView(row, context.installation), context.signer);
    },
  );

  app.get(
    '/provenance-key',
    {
      // Whoever was handed an envelope checks it, with or without a token of this installation.
      config: { public: true },
      schema: {
        tags,
        operationId: 'readProvenanceKey',
        summary: 'Read the public key that provenance is signed with',
        response: { 200: ProvenanceKey, ...problemsOf(429) },
      },
    },
    async () => context.signer.key,
  );
};

const noProvenance = (hasArtifact: boolean) =>
  notFound(
    'provenance_not_found',
    hasArtifact
      ? 'How the artifact of this deployment came about was not recorded. Deploy with `force` to build it anew.'
      : 'The deployment has no artifact, or none yet.',
  );
