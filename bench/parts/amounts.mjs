/** The numbers of options of a command line. Ends the process if one is not a whole number of at least 1. */
export function readAmounts(values) {
  const amounts = Object.entries(values).map(([name, text]) => [name, Number(text)]);
  const wrong = amounts.find(([, amount]) => !Number.isSafeInteger(amount) || amount < 1);
  if (!wrong) return Object.fromEntries(amounts);
  const [name] = wrong;
  console.error(`--${name} is ${values[name]}; it must be a whole number of at least 1.`);
  process.exit(1);
}
