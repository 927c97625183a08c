/** Whether a text is well-formed XML 1.0, as far as documents without a DTD go: every rule that a strict parser would refuse by. */

const name = '[A-Za-z_][\\w.-]*(?::[A-Za-z_][\\w.-]*)?';
const reference = /&(?:amp|lt|gt|quot|apos|#\d+|#x[\da-fA-F]+);/g;

/** Characters that XML has, in a text whose references are all known. */
function checkText(text: string, where: string): void {
  if (text.replace(reference, '').includes('&')) throw new Error(`${where}: an ampersand that begins no reference`);
  for (const letter of text) {
    const code = letter.codePointAt(0) ?? 0;
    const isAllowed = code === 9 || code === 10 || code === 13 || (code >= 32 && code < 0xd800) || (code >= 0xe000 && code !== 0xfffe && code !== 0xffff);
    if (!isAllowed) throw new Error(`${where}: the character ${code} is none of XML's`);
  }
}

/**
 * Reads a document and returns the names of its elements in order.
 *
 * @throws Error where it is not well-formed
 */
export function strictElements(document: string): string[] {
  const declaration = /^<\?xml version="1\.0"(?: encoding="UTF-8")?\?>\s*/.exec(document);
  let rest = declaration === null ? document : document.slice(declaration[0].length);
  const open: string[] = [];
  const names: string[] = [];
  while (rest !== '') {
    const text = /^[^<]*/.exec(rest)?.[0] ?? '';
    checkText(text, `text in ${open.join('/')}`);
    if (text.includes(']]>')) throw new Error('text with ]]>');
    if (open.length === 0 && text.trim() !== '') throw new Error(`text outside of the root: ${text.slice(0, 20)}`);
    rest = rest.slice(text.length);
    if (rest === '') break;
    const tag = new RegExp(`^<(/?)(${name})((?:\\s+${name}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(/?)>`).exec(rest);
    if (tag === null) throw new Error(`no tag: ${rest.slice(0, 60)}`);
    const [whole, closing, element, attributes, empty] = tag;
    rest = rest.slice(whole.length);
    if (closing === '/') {
      if (attributes !== '' || empty !== '' || open.pop() !== element) throw new Error(`</${element}> ends nothing`);
      continue;
    }
    if (open.length === 0 && names.length > 0) throw new Error('a second root');
    const keys = [...attributes.matchAll(new RegExp(`(${name})\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'g'))].map(([, key, one, other]) => {
      checkText(one ?? other, `${element}.${key}`);
      return key;
    });
    if (new Set(keys).size !== keys.length) throw new Error(`<${element}> has an attribute twice: ${keys.join()}`);
    names.push(element);
    if (empty !== '/') open.push(element);
  }
  if (open.length > 0 || names.length === 0) throw new Error(`not ended: ${open.join('/')}`);
  return names;
}
