// The second oracle: reads ["detector", "value"] a line, prints true, false, or null where npm
// `validator` has no function for the identifier.
const validator = require("validator");
const lines = require("node:fs").readFileSync(0, "utf8").split("\n").filter(Boolean);

const judges = {
  payment_card: (v) => validator.isCreditCard(v),
  iban: (v) => validator.isIBAN(v),
  us_aba_routing: (v) => validator.isAbaRouting(v),
  us_ein: (v) => validator.isTaxID(v, "en-US"),
  ca_sin: (v) => validator.isTaxID(v.replace(/[ -]/g, ""), "en-CA"),
  email: (v) => validator.isEmail(v),
  ipv4: (v) => validator.isIP(v, 4),
  ipv6: (v) => validator.isIP(v, 6),
  jwt: (v) => validator.isJWT(v),
};

for (const line of lines) {
  const [detector, value] = JSON.parse(line);
  console.log(JSON.stringify(judges[detector] ? judges[detector](value) : null));
}
