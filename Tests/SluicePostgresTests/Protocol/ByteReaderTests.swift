import SluicePostgres
import Testing

@Suite struct ByteReaderTests {
    @Test func readsBigEndianFields() throws {
        try [0xFF, 0x01, 0x02, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0x61, 0x62, 0, 7].read { bytes in
            var reader = ByteReader(bytes, message: "Test")
            #expect(try reader.read(Int8.self, "a") == -1)
            #expect(try reader.read(Int16.self, "b") == 0x102)
            #expect(try reader.read(Int32.self, "c") == Int32.min)
            #expect(try reader.read(UInt64.self, "d") == 9)
            #expect(try reader.readText("e") == 15..<17)
            #expect(reader.remaining == 1)
            #expect(throws: PgOutputError.self) { try reader.finish() }
            #expect(try reader.readBytes(count: 1, "f") == 18..<19)
            try reader.finish()
            #expect(code { () throws(PgOutputError) in _ = try reader.read(UInt8.self, "g") } == .truncated)
        }
    }

    @Test func refusesWhatIsNotThere() {
        [0x61, 0x62].read { bytes in
            var reader = ByteReader(bytes, message: "Test")
            #expect(code { () throws(PgOutputError) in _ = try reader.readText("a") } == .unterminated)
            #expect(code { () throws(PgOutputError) in _ = try reader.readBytes(count: 3, "a") } == .truncated)
            #expect(code { () throws(PgOutputError) in _ = try reader.readBytes(count: -1, "a") } == .truncated)
            #expect(code { () throws(PgOutputError) in _ = try reader.read(Int32.self, "a") } == .truncated)
            #expect(reader.position == 0)
        }
    }

    @Test func cutsAPartOffAtTheBytesEnd() {
        [1, 2, 3].read { bytes in
            #expect(ByteReader(bytes, in: 2..<100, message: "Test").remaining == 1)
            #expect(ByteReader(bytes, in: 50..<100, message: "Test").remaining == 0)
        }
    }

    @Test func namesTheFieldInItsErrors() {
        [0].read { bytes in
            var reader = ByteReader(bytes, message: "Begin")
            #expect {
                _ = try reader.read(Int64.self, "commit time")
            } throws: { error in
                "\(error)".contains("Begin: the commit time")
            }
        }
    }
}

extension [UInt8] {
    fileprivate func read<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
        -> Result
    {
        try withUnsafeBytes(body)
    }
}
