/** The program of a pause container by the engine's architecture: waits for ever, for next to no memory. */
export function pauseProgram(architecture: string): Buffer | null {
  const found = programs[architecture];
  return found ? executable(found) : null;
}

interface Program {
  /** `e_machine` of ELF. */
  machine: number;
  code: Buffer;
}

const programs: Record<string, Program | undefined> = {
  // mov eax, 34 (pause); syscall; jmp to the start
  amd64: { machine: 0x3e, code: Buffer.from('b8220000000f05ebf7', 'hex') },
  // mov x0…x3, 0; mov x8, 73 (ppoll); svc 0; b to the start
  arm64: { machine: 0xb7, code: Buffer.from('000080d2010080d2020080d2030080d2280980d2010000d4faffff17', 'hex') },
};

const headerBytes = 64;
const segmentBytes = 56;
const base = 0x40_0000n;

/** A static ELF executable of 64 bits, little-endian: one header, one segment that is read and executed, the code. */
function executable({ machine, code }: Program): Buffer {
  const file = Buffer.alloc(headerBytes + segmentBytes + code.length);
  const entry = base + BigInt(headerBytes + segmentBytes);
  Buffer.from('7f454c46020101', 'hex').copy(file);
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(machine, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(entry, 24);
  file.writeBigUInt64LE(BigInt(headerBytes), 32);
  file.writeUInt16LE(headerBytes, 52);
  file.writeUInt16LE(segmentBytes, 54);
  file.writeUInt16LE(1, 56);
  file.writeUInt16LE(headerBytes, 58);
  file.writeUInt32LE(1, headerBytes);
  file.writeUInt32LE(5, headerBytes + 4);
  file.writeBigUInt64LE(base, headerBytes + 16);
  file.writeBigUInt64LE(base, headerBytes + 24);
  file.writeBigUInt64LE(BigInt(file.length), headerBytes + 32);
  file.writeBigUInt64LE(BigInt(file.length), headerBytes + 40);
  file.writeBigUInt64LE(0x1_0000n, headerBytes + 48);
  code.copy(file, headerBytes + segmentBytes);
  return file;
}
