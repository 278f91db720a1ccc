#!/usr/bin/env node
// prisma/schema-engine.mjs for a database that has tables: the catalog describes foreign keys in columns of the type
// "char", which Prisma's driver refuses and its engine expects. Plain JavaScript, because the first Node on PATH runs
// it.
import { PrismaPg } from "@prisma/adapter-pg";
import { ColumnTypeEnum } from "@prisma/driver-adapter-utils";

// In pg_type.
const CHAR = 18;
const TEXT = 25;

const { connect } = PrismaPg.prototype;
PrismaPg.prototype.connect = async function () {
  const adapter = await connect.call(this);
  const { performIO, queryRaw } = adapter;
  const chars = new WeakMap();

  adapter.performIO = async (query) => {
    const result = await performIO.call(adapter, query);
    const found = result.fields.filter((field) => field.dataTypeID === CHAR);
    chars.set(
      query,
      found.map((field) => result.fields.indexOf(field)),
    );
    for (const field of found) field.dataTypeID = TEXT;
    return result;
  };
  adapter.queryRaw = async (query) => {
    const result = await queryRaw.call(adapter, query);
    for (const index of chars.get(query)) result.columnTypes[index] = ColumnTypeEnum.Character;
    return result;
  };
  return adapter;
};

await import("../../prisma/schema-engine.mjs");
