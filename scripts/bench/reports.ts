import type { Measurement } from "./findings.ts";
import { measureReportMemory } from "./pdf/memory.ts";
import { measureReports } from "./pdf/throughput.ts";

/** Measures the overhead of report-generate compared with pdfkit alone, and whether it blocks or grows. */
export const reports: readonly Measurement[] = [measureReports, measureReportMemory];
