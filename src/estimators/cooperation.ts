/**
 * How estimators share the process; the interface stands in the model's room, because sampling takes it as well.
 */

export type { Cooperation } from '../model/cooperation.js';
