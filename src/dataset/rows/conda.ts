/** Images of SWE-bench and of what is made after it keep the repository here and Python in this environment of conda. */
export const TESTBED = "/testbed";

export const condaEnv = {
  PATH: "/opt/miniconda3/envs/testbed/bin:/opt/miniconda3/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
};
