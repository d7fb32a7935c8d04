/** Shorter ones would take words out of lines that have nothing to do with them. */
const shortest = 4;
const shortestLine = 8;
/** Longer secrets are looked for piece by piece. */
const longestPiece = 1_024;

/** The ways in which a secret may be written, without line breaks. */
export interface SecretForms {
  /** As it is, and line by line. */
  plain: string[];
  /** As in JSON, as in a URL, and in base64, wherever in the encoded bytes it begins. */
  others: string[];
}

export function secretForms(secret: string): SecretForms {
  const pieces = piecesOf(secret.trim());
  const lines = secret.split(/\r?\n/).map((line) => line.trim());
  const plain = formsOf([...pieces, ...lines.filter((line) => line.length >= shortestLine)]);
  const others = pieces.flatMap((piece) => [...jsonForms(piece), ...urlForms(piece), ...base64Forms(piece)]);
  const known = new Set(plain);
  return { plain, others: formsOf(others).filter((form) => !known.has(form)) };
}

const formsOf = (texts: string[]) => [...new Set(texts.map(withoutBreaks))].filter((form) => form.length >= shortest);

const withoutBreaks = (text: string) => text.replaceAll(/[\r\n]/g, '');

/** Cut where no character is split. */
function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    const end = at + longestPiece;
    const next = /[\uD800-\uDBFF]/.test(text[end - 1] ?? '') ? end - 1 : end;
    pieces.push(text.slice(at, next));
    at = next;
  }
  return pieces;
}

/** As JavaScript writes it; with slashes escaped, as PHP does; in ASCII, as Python does; without HTML, as Go does. */
function jsonForms(text: string): string[] {
  const plain = JSON.stringify(text).slice(1, -1);
  const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return [
    plain,
    plain.replaceAll('/', '\\/'),
    plain.replaceAll(/[\u007f-\uffff]/g, escaped),
    plain.replaceAll(/[\u007f-\uffff]/g, escaped).replaceAll('/', '\\/'),
    plain.replaceAll(/[<>&\u2028\u2029]/g, escaped),
  ];
}

/** As encodeURIComponent does it, as RFC 3986 asks, and as forms are sent; hexadecimal digits in both cases. */
function urlForms(text: string): string[] {
  const component = encodeURIComponent(Buffer.from(text).toString());
  const strict = component.replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  const all = [component, strict, component.replaceAll('%20', '+'), strict.replaceAll('%20', '+')];
  return [...all, ...all.map((form) => form.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()))];
}

/** Three bytes make four characters: what stands before the secret decides how it is cut. */
function base64Forms(text: string): string[] {
  const bytes = Buffer.from(text);
  const inside = [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
  const all = [bytes.toString('base64'), bytes.toString('base64url'), ...inside];
  return [...all, ...all.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))];
}
