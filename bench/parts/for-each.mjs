/** Does the work for each number up to `count`, some at once. Returns the results in order. */
export async function forEach(count, work, atOnce) {
  const results = [];
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const at = next++;
      results[at] = await work(at);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}
