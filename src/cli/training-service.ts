import { trainingAddress } from "../config/training-address.ts";
import type { TrainingService } from "../dialects/agent-rft/jobs/training-service.ts";
import type { CliContext } from "./context.ts";

/** Where jobs are submitted. Its client is large: commands that need none do not load it. @throws BerthError `invalid_config` */
export async function trainingService(
  { env }: CliContext,
  options: { service?: string | undefined },
): Promise<TrainingService> {
  const address = trainingAddress({ url: options.service, env });
  const jobs = await import("../dialects/agent-rft/jobs/training-service.ts");
  return new jobs.TrainingService(address);
}
