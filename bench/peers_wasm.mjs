// Cedar in node: makes decisions when told to, and says how long they took.
//
// One JSON value a line comes in. {"cases": [...]} makes the policy sets of a row ready
// and is answered with the decisions; {"passes": n} asks all cases n times and is
// answered with the milliseconds.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const require = createRequire(process.argv[2] + "/");
const cedar = require("@cedar-policy/cedar-wasm/nodejs");

let calls = [];

function ready(cases) {
  calls = cases.map((one, place) => {
    const id = `set${place}`;
    const parsed = cedar.preparsePolicySet(id, { staticPolicies: one.policies });
    if (parsed.type !== "success") throw new Error(JSON.stringify(parsed));
    return { ...one.request, preparsedPolicySetId: id, entities: one.entities };
  });
  return calls.map((call) => cedar.statefulIsAuthorized(call).response.decision);
}

function time(passes) {
  const started = performance.now();
  for (let pass = 0; pass < passes; pass += 1)
    for (const call of calls) cedar.statefulIsAuthorized(call);
  return performance.now() - started;
}

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  const answer = asked.cases ? ready(asked.cases) : time(asked.passes);
  console.log(JSON.stringify(answer));
}
