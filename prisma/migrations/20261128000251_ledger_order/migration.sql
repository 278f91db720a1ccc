-- Ordering keys: jobs of one name with the same key run one at a time.
ALTER TABLE "Job" ADD COLUMN     "orderKey" TEXT,
ADD COLUMN     "orderSeq" BIGINT;

-- By hand, because Prisma's schema language cannot express it.
CREATE SEQUENCE "Job_orderSeq_seq";

CREATE INDEX "Job_order_waiting_idx" ON "Job"("name", "orderKey", "orderSeq") WHERE (state = 'WAITING' AND "orderKey" IS NOT NULL);

-- At most one job of a key is due or published, whatever the code does.
CREATE UNIQUE INDEX "Job_order_active_key" ON "Job"("name", "orderKey") WHERE ((state = 'PENDING' OR state = 'PUBLISHED') AND "orderKey" IS NOT NULL);
