/**
 * What the module exports. The host (../) gives every function the places of its arguments; the last two arguments of
 * most are the part to do and the number of parts, which share the work without overlap.
 */

export { rowLists, unitLists } from './groups';
export { bernoulliMeans, layer } from './layers';
export { denseLayer } from './dense';
export { sampleBernoulli, sampleLayer } from './sampling';
export { categoricalMeans, sampleCategorical, sampleGaussian, temper } from './visible';
export { update } from './update';
export { step } from './steps';
export { combine, multiply, transform } from './elements';
export { flipRatios, flipSums, prepareFlips } from './flips';
export { freeEnergies, temperedFreeEnergies } from './free-energy';
export { enumerationBlocks, enumerationMoments, enumerationTable } from './enumeration';
