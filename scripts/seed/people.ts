/** The users of the seed. The first three are printed as logins. */
export const people = [
  { email: "admin@offstage.example", name: "Grace Hopper", role: "ADMIN", zone: "America/New_York" },
  { email: "ada@offstage.example", name: "Ada Lovelace", role: "USER", zone: "Europe/London" },
  { email: "bob@offstage.example", name: "Bob Kahn", role: "USER", zone: "Asia/Tokyo" },
  { email: "kasia@offstage.example", name: "Katarzyna Wiśniewska 🌻", role: "USER", zone: "Europe/Warsaw" },
  { email: "layla@offstage.example", name: "ليلى حداد", role: "USER", zone: "Africa/Cairo" },
  { email: "noam@offstage.example", name: "נועם לוי", role: "USER", zone: "Asia/Jerusalem" },
  { email: "priya@offstage.example", name: "प्रिया शर्मा", role: "USER", zone: "Asia/Kolkata" },
  { email: "somchai@offstage.example", name: "สมชาย ใจดี", role: "USER", zone: "Asia/Bangkok" },
  { email: "wei@offstage.example", name: "王伟", role: "USER", zone: "Asia/Shanghai" },
  { email: "yuki@offstage.example", name: "佐藤 由紀", role: "USER", zone: "Asia/Tokyo" },
  { email: "minjun@offstage.example", name: "김민준", role: "USER", zone: "Asia/Seoul" },
  { email: "olena@offstage.example", name: "Олена Шевченко", role: "USER", zone: "Europe/Kyiv" },
] as const;

export const LOGINS = people.slice(0, 3);
export const PASSWORD = "correct horse battery";

export type Email = (typeof people)[number]["email"];
