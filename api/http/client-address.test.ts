import { expect, test } from "vitest";
import { clientOf } from "./client-address.ts";

test.for([
  ["192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2::1", "2001:db8:1:2::/64"],
  ["2001:DB8:1:2:a:b:c:d", "2001:db8:1:2::/64"],
  ["2001:0db8:0001:0002::", "2001:db8:1:2::/64"],
  ["2001:db8:1:3::1", "2001:db8:1:3::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["2001::1:2:3:4:5", "2001:0:0:1::/64"],
  ["2001:db8:1:2:3:4:5::", "2001:db8:1:2::/64"],
  ["::1", "0:0:0:0::/64"],
  ["2001:db8:1:2:a:b:192.0.2.1", "2001:db8:1:2::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  // As some gateways write them, with the port.
  ["192.0.2.1:40001", "192.0.2.1"],
  ["[2001:db8:1:2::1]:40001", "2001:db8:1:2::/64"],
  ["[2001:db8:1:2::1]", "2001:db8:1:2::/64"],
  ["2001:db8:1:2:3:4:5:6:40001", "2001:db8:1:2::/64"],
  ["[fe80::1%eth0]:40001", "fe80:0:0:0::/64"],
  // IPv4 in an IPv6 address, in all its forms.
  ["::FFFF:c000:201", "192.0.2.1"],
  ["0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"],
  ["[::ffff:192.0.2.1]:40001", "192.0.2.1"],
  ["::ffff:192.0.2.1%eth0", "192.0.2.1"],
  // No addresses.
  ["unknown", "unknown"],
  ["_hidden", "unknown"],
  ["192.0.2.999", "unknown"],
  ["192.0.2.1:port", "unknown"],
  ["[192.0.2.1", "unknown"],
  ["2001:db8::1::2", "unknown"],
  ["x:".repeat(50), "unknown"],
  ["", "unknown"],
])("%s counts as %s", ([ip, client]) => {
  expect(clientOf({ ip })).toBe(client);
});

test("a missing address counts as one client", () => {
  expect(clientOf({ ip: undefined })).toBe("unknown");
});
