/** Named random streams. */
export { hostRandom, permutation, streamKey, type HostRandom, type StreamKey } from './streams.js';
