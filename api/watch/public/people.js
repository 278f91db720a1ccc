/** Made-up people from many places: the name as it is written there, and letters that an address may have. */
const PEOPLE = [
  ["Amélie Dubois", "amelie", "Lyon"],
  ["Chidinma Okafor", "chidinma", "Lagos"],
  ["Γιώργος Παπαδόπουλος", "giorgos", "Patras"],
  ["山田 さくら", "sakura", "Sapporo"],
  ["Олена Шевченко", "olena", "Lviv"],
  ["نور الهاشمي", "nour", "Amman"],
  ["अनन्या शर्मा", "ananya", "Jaipur"],
  ["王小明", "xiaoming", "Chengdu"],
  ["김서연", "seoyeon", "Busan"],
  ["Þórdís Jónsdóttir", "thordis", "Akureyri"],
  ["დავით ბერიძე", "davit", "Batumi"],
  ["สมชาย ใจดี", "somchai", "Chiang Mai"],
  ["Thiago Gonçalves", "thiago", "Recife"],
  ["רות כהן", "ruth", "Haifa"],
  ["Zoë van der Meer", "zoe", "Utrecht"],
  ["Նարե Սարգսյան", "nare", "Gyumri"],
  ["கவிதா முருகன்", "kavitha", "Madurai"],
  ["Kwame Mensah", "kwame", "Kumasi"],
];

const DOMAIN = "visitors.example";

/** `random` returns whole numbers below its argument. Addresses are fresh: their ends have 60 million forms. */
export const inventPerson = (random = randomBelow) => {
  const [name, local, place] = PEOPLE[random(PEOPLE.length)];
  return {
    name,
    place,
    email: `${local}.${letters(random, 5)}${random(10)}@${DOMAIN}`,
    password: password(random),
  };
};

const LETTERS = "abcdefghijkmnpqrstuvwxyz";

const letters = (random, length) => Array.from({ length }, () => LETTERS[random(LETTERS.length)]).join("");

/** Long enough for any rule, and readable on the page. */
const password = (random) => Array.from({ length: 4 }, () => letters(random, 5)).join("-");

const randomBelow = (limit) => crypto.getRandomValues(new Uint32Array(1))[0] % limit;
