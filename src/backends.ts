import { join } from "node:path";
import type { ExamineCluster } from "./cli/doctor/examine.ts";
import { Embeddings, type EmbeddingsOptions } from "./code-index/meaning/embeddings.ts";
import { OpenAiEmbedder } from "./code-index/meaning/openai-embedder.ts";
import { dockerConnection } from "./config/docker-connection.ts";
import { kubernetesOptions } from "./config/kubernetes-options.ts";
import type { Config } from "./config/schema.ts";
import { BerthError } from "./core/errors.ts";
import type { Logger } from "./core/log.ts";
import { OpenAiJudge } from "./grader/judge/openai-judge.ts";
import { exportLayer } from "./guest/export-layer.ts";
import { startLife } from "./guest/start-life.ts";
import { createDockerProvider } from "./provider/docker/docker-provider.ts";
import { dockerImages } from "./provider/docker/image-source.ts";
import { probeDocker } from "./provider/docker/probe.ts";
import { createMemoryProvider } from "./provider/memory/memory-provider.ts";
import { createOciProvider } from "./provider/oci/oci-provider.ts";
import { probeOci } from "./provider/oci/probe.ts";
import type { Provider } from "./provider/provider.ts";
import { openPostgresStore } from "./store/postgres/postgres-store.ts";
import { openSqliteStore } from "./store/sqlite/sqlite-store.ts";
import type { Store } from "./store/store.ts";

/** The records of a configuration, whether or not a controller uses them. @throws BerthError `storage_failed` */
export const openStore = ({ store_url, data_dir }: Config, log: Logger): Promise<Store> =>
  store_url === "" ? openSqliteStore(join(data_dir, "berth.db")) : openPostgresStore(store_url, { log });

/** `auto` is oci where it works, else docker. @throws BerthError `provider_unavailable` saying why and what mends it */
export async function chooseProvider(
  config: Config,
  log: Logger,
  { onlyLooks }: { onlyLooks: boolean },
): Promise<Provider> {
  const { provider, guest_binary, data_dir } = config;
  const seccompDir = join(config.profiles_dir, "seccomp");
  const docker = dockerConnection(config.docker_host);
  const dockerOptions = {
    docker,
    dataDir: data_dir,
    guestBinary: guest_binary,
    seccompDir,
    imagesDir: config.images_dir,
    log,
  };
  if (provider === "memory") return createMemoryProvider();
  if (provider === "docker") return createDockerProvider(dockerOptions);
  if (provider === "kubernetes") {
    // The client library takes half a second to load, and few need it.
    const { createKubernetesProvider } = await import("./provider/kubernetes/kubernetes-provider.ts");
    return createKubernetesProvider({
      ...kubernetesOptions(config),
      dataDir: data_dir,
      exportLayer,
      startLife,
      log,
      onlyLooks,
    });
  }
  const probe = await probeOci({ guestBinary: guest_binary });
  if (probe.works && probe.runtime) {
    return createOciProvider({
      dataDir: data_dir,
      guestBinary: guest_binary,
      seccompDir,
      runtime: probe.runtime.binary,
      runsc: { platform: config.runsc_platform },
      exporter: dockerImages(dockerOptions),
      log,
      onlyLooks,
    });
  }
  const reasons = sentences(probe.reasons);
  if (provider === "oci") throw new BerthError("provider_unavailable", `The oci provider cannot run here: ${reasons}.`);
  const daemon = await probeDocker(dockerOptions);
  if (daemon.works) return createDockerProvider(dockerOptions);
  throw new BerthError(
    "provider_unavailable",
    `No provider can run here. oci: ${reasons}. docker: ${sentences(daemon.reasons)}.`,
  );
}

const sentences = (reasons: readonly { what: string; remedy: string }[]): string =>
  reasons.map(({ what, remedy }) => `${what} (${remedy})`).join("; ");

/** What the configured cluster lacks, for `berth doctor`. */
export const examineCluster: ExamineCluster = async (config) => {
  const kubernetes = await import("./provider/kubernetes/examine.ts");
  return kubernetes.examineCluster(kubernetesOptions(config));
};

/** Undefined where no judge is configured. */
export const judgeOf = (config: Config): OpenAiJudge | undefined =>
  config.judge_base_url === "" || config.judge_model === ""
    ? undefined
    : new OpenAiJudge({
        baseUrl: config.judge_base_url,
        apiKey: config.judge_api_key,
        model: config.judge_model,
        parallel: config.judge_parallel,
        deadlineMs: config.judge_deadline_seconds * 1000,
        retries: config.judge_retries,
      });

/** Undefined where no embedder is configured. */
export const embeddingsOf = (
  config: Config,
  parts: Pick<EmbeddingsOptions, "indexes" | "mirrors" | "processEnv">,
): Embeddings | undefined =>
  config.embeddings_base_url === "" || config.embeddings_model === ""
    ? undefined
    : new Embeddings({
        ...parts,
        dir: join(config.data_dir, "indexes"),
        workDir: join(config.data_dir, "work"),
        mostChunks: config.embeddings_max_chunks,
        embedder: new OpenAiEmbedder({
          baseUrl: config.embeddings_base_url,
          apiKey: config.embeddings_api_key,
          model: config.embeddings_model,
          parallel: config.embeddings_parallel,
          deadlineMs: config.embeddings_deadline_seconds * 1000,
        }),
      });

/** Of sandboxes elsewhere nobody here can tell what memory is left. */
export const isOnThisMachine = ({ name }: Provider, { docker_host }: Config): boolean =>
  name !== "kubernetes" && (name !== "docker" || "socketPath" in dockerConnection(docker_host));
