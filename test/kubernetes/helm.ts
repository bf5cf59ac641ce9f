import path from "node:path";

export const chartFolder = path.resolve(import.meta.dirname, "../../infra/helm/berth");
export const helm = path.resolve(import.meta.dirname, "../../build/tools/helm");
