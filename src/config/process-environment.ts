/** The environment of this process, for the entry to hand on. Read here alone. */
export const processEnvironment = (): NodeJS.ProcessEnv => process.env;
