// How lines are shown, as this browser's user likes it.
import { keptFlag } from "../ui/kept.ts";

export const showTime = keptFlag("log.time", false);
export const showNumbers = keptFlag("log.numbers", true);
export const wrap = keptFlag("log.wrap", false);
