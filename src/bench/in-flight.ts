/**
 * Does `count` pieces of work, at most `limit` of them at the same time, and gives their results in order. After a failure no more
 * is begun, and it is thrown when what runs has ended.
 */
export async function inFlight<T>(count: number, limit: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  const failures: unknown[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count && failures.length === 0; index = next++)
      try {
        results[index] = await work(index);
      } catch (error) {
        failures.push(error);
      }
  };
  await Promise.all(Array.from({ length: Math.min(limit, count) }, worker));
  if (failures.length > 0) throw failures[0];
  return results;
}
