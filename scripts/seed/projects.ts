import type { MemberRole } from "../../prisma/client/client.ts";
import type { Email } from "./people.ts";

/** What a project is about. `weeks` is how long after the start of its sprint the last Monday was: 0 or 1. */
export interface ProjectPlan {
  name: string;
  description: string;
  tasks: number;
  weeks: 0 | 1;
  members: readonly (readonly [Email, MemberRole])[];
  areas: readonly string[];
  things: readonly string[];
  actions: readonly string[];
  users: readonly string[];
}

const storefront: ProjectPlan = {
  name: "Storefront",
  description: "The shop on the web: search, product pages, cart and checkout.",
  tasks: 880,
  weeks: 1,
  members: [
    ["ada@offstage.example", "OWNER"],
    ["kasia@offstage.example", "MEMBER"],
    ["layla@offstage.example", "MEMBER"],
    ["priya@offstage.example", "MEMBER"],
    ["wei@offstage.example", "MEMBER"],
    ["yuki@offstage.example", "MEMBER"],
    ["bob@offstage.example", "MEMBER"],
    ["admin@offstage.example", "VIEWER"],
  ],
  areas: [
    "the cart",
    "the checkout",
    "search results",
    "the product page",
    "the wish list",
    "the order confirmation",
    "the address form",
    "the category menu",
    "the size guide",
    "product reviews",
    "the gift card page",
    "the account page",
    "the order history",
    "the home page",
  ],
  things: [
    "delivery dates",
    "size filters",
    "a stock warning",
    "saved addresses",
    "express payment",
    "recently viewed products",
    "a price history",
    "gift wrapping",
    "structured data",
    "a photo gallery",
    "voucher codes",
    "product comparisons",
  ],
  actions: [
    "change the delivery address after ordering",
    "share a wish list",
    "pay in two currencies",
    "reorder a past order",
    "cancel a single item",
    "choose a pickup point",
    "filter by delivery date",
    "sign in with a passkey",
    "save a cart for later",
    "download an invoice",
  ],
  users: ["guests", "returning customers", "business customers", "gift card holders", "screen reader users"],
};

const warehouse: ProjectPlan = {
  name: "Warehouse app",
  description: "The scanners' app for picking, packing, returns and stock counts.",
  tasks: 680,
  weeks: 0,
  members: [
    ["ada@offstage.example", "OWNER"],
    ["noam@offstage.example", "MEMBER"],
    ["somchai@offstage.example", "MEMBER"],
    ["minjun@offstage.example", "MEMBER"],
    ["olena@offstage.example", "MEMBER"],
    ["yuki@offstage.example", "MEMBER"],
    ["kasia@offstage.example", "VIEWER"],
  ],
  areas: [
    "the pick list",
    "the barcode scanner",
    "the packing screen",
    "the stock count",
    "the returns desk",
    "the shift overview",
    "label printing",
    "the offline queue",
    "the shelf map",
    "damage reports",
    "the goods-in screen",
    "the training mode",
  ],
  things: [
    "a torch button",
    "sound feedback",
    "large-print labels",
    "batch scanning",
    "a shelf search",
    "photos of damage",
    "a handover note",
    "weight checks",
    "a battery warning",
    "left-handed buttons",
    "walking routes",
    "expiry dates",
  ],
  actions: [
    "correct a count without a supervisor",
    "pause a pick list",
    "scan with the camera",
    "work offline for a whole shift",
    "split a parcel",
    "report a blocked aisle",
    "print a label again",
    "swap tasks with a colleague",
    "see the next truck",
    "confirm a pick by voice",
  ],
  users: ["pickers", "packers", "shift leads", "new colleagues", "the night shift"],
};

const payments: ProjectPlan = {
  name: "Payments",
  description: "Invoices, refunds, payouts and everything the accountants read.",
  tasks: 440,
  weeks: 1,
  members: [
    ["admin@offstage.example", "OWNER"],
    ["ada@offstage.example", "MEMBER"],
    ["bob@offstage.example", "MEMBER"],
    ["layla@offstage.example", "MEMBER"],
    ["noam@offstage.example", "MEMBER"],
    ["wei@offstage.example", "MEMBER"],
    ["olena@offstage.example", "MEMBER"],
  ],
  areas: [
    "the refund flow",
    "the invoice PDF",
    "the payout report",
    "the webhook handler",
    "the dispute screen",
    "the tax rules",
    "the ledger export",
    "the currency service",
    "dunning mails",
    "the fraud check",
  ],
  things: [
    "an audit log",
    "partial refunds",
    "bank transfers",
    "a second approver",
    "retry limits",
    "exchange rates of the day",
    "a monthly statement",
    "credit notes",
    "a payout calendar",
    "reverse charge",
  ],
  actions: [
    "approve refunds in bulk",
    "export a quarter at once",
    "see why a payment failed",
    "split a payout",
    "correct a tax number",
    "retry a webhook by hand",
    "close a month early",
    "search by amount",
  ],
  users: ["accountants", "the support team", "auditors", "shop owners"],
};

export const projects = [storefront, warehouse, payments] as const;
