/** Upper bounds of durations, seconds: from half a millisecond, a file that is read, to ten minutes, a snapshot that is built. */
export const secondsBuckets: number[] = [
  0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600,
];
