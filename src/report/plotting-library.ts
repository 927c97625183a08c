/**
 * What charts are drawn with: Observable Plot, and the document that it draws into. `npm run build` puts both, with all that
 * they need, into this file's place in dist/ (scripts/bundle-plotting.js): who installs the tool gets one file instead of sixty
 * packages, and it loads in a third of the time. To be imported only where there is something to draw.
 */

export * as Plot from '@observablehq/plot';
export { parseHTML } from 'linkedom';
