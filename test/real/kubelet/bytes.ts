/** Values of Kafka's protocol as bytes. */

/** Reads the values of an answer, one after the other. */
export class Reader {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  int16 = (): number => this.bytes.readInt16BE(this.skip(2));
  int32 = (): number => this.bytes.readInt32BE(this.skip(4));
  int64 = (): number => Number(this.bytes.readBigInt64BE(this.skip(8)));

  string(): string | undefined {
    const length = this.int16();
    return length < 0 ? undefined : this.text(length);
  }

  compactString(): string {
    return this.text(this.unsigned() - 1);
  }

  array<T>(read: () => T): T[] {
    return Array.from({ length: Math.max(0, this.int32()) }, read);
  }

  compactArray<T>(read: () => T): T[] {
    return Array.from({ length: Math.max(0, this.unsigned() - 1) }, read);
  }

  /** Passes over tagged fields. */
  tags(): void {
    for (let left = this.unsigned(); left > 0; left--) {
      this.unsigned();
      this.skip(this.unsigned());
    }
  }

  skip(bytes: number): number {
    this.at += bytes;
    return this.at - bytes;
  }

  private text(length: number): string {
    const from = this.skip(Math.max(0, length));
    return this.bytes.toString('utf8', from, from + Math.max(0, length));
  }

  private unsigned(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes.readUInt8(this.skip(1));
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }
}

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function string(text: string): Buffer {
  return Buffer.concat([int16(Buffer.byteLength(text)), Buffer.from(text)]);
}
