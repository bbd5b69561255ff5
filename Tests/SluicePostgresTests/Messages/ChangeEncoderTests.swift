import SluicePostgres
import Testing

@Suite struct ChangeEncoderTests {
    @Test func keepsNumbersAndOrder() {
        var encoding = Encoding(users)
        let messages: [WireBytes] = [.insert, .update, WireBytes("?"), .commit, .delete]
        let changes = encoding.encode(messages)
        #expect(changes.map(\.sequence) == [100, 101, 102, 103, 104])
        #expect(changes.map(\.cursor.index) == [0, 1, 2, 3, 4])
        #expect(
            changes.map(\.kind) == [
                .messages(count: 1), .messages(count: 1), .undecodable, .commit(endLSN: LSN(rawValue: 0x16B_3778)),
                .messages(count: 1),
            ]
        )
        #expect(changes[3].length == 0)
        #expect(changes.allSatisfy { $0.cost == $0.length + Int32(ChangeEncoder.overhead) })
        #expect(changes.allSatisfy { $0.batch === changes[0].batch })
        #expect(changes.flatMap(\.messageBytes) == changes[0].batch.bytes)
    }

    @Test func encodesNothing() {
        var encoding = Encoding(users)
        #expect(encoding.encode([]).isEmpty)
    }

    @Test func filtersTables() {
        let orders = makeRelation(oid: 2, schema: "shop", name: "orders", [("id", 23, true)])
        let row = WireBytes("I").integer(UInt32(2)).tuple("N", ["1"])
        let cases: [([String], [Bool])] = [
            ([], [true, true]), (["users"], [true, false]), (["shop.orders"], [false, true]),
            (["public.orders"], [false, false]), (["orders", "users"], [true, true]), (["Users"], [false, false]),
        ]
        for (names, expected) in cases {
            var encoding = Encoding(users, orders, tables: TableFilter(names))
            let changes = encoding.encode([.insert, row, WireBytes.truncate])
            #expect(changes[0..<2].map { $0.kind != .filtered } == expected)
            #expect(changes[0..<2].map { $0.length > 0 } == expected)
            let passed = Int32(expected.count(where: \.self))
            #expect(changes[2].kind == (passed == 0 ? .filtered : .messages(count: passed)))
            #expect(changes[2].lines.count == Int(passed))
        }
    }

    @Test func filtersBrokenRowsOfOtherTablesToo() {
        var encoding = Encoding(users, tables: TableFilter(["orders"]))
        #expect(encoding.encode([WireBytes("I").integer(UInt32(1))])[0].kind == .filtered)
    }

    @Test(arguments: [1, 400, 1000, 2000, 1 << 20])
    func splitsBatches(_ limit: Int) {
        var whole = Encoding(users)
        var split = Encoding(users, batchLimit: limit)
        let messages = (0..<20).map { index in
            index % 7 == 3
                ? WireBytes.commit : WireBytes("I").integer(UInt32(1)).tuple("N", [.text("\(index)"), "x"])
        }
        let expected = whole.encode(messages)
        let changes = split.encode(messages)
        #expect(changes.map(\.sequence) == expected.map(\.sequence))
        #expect(changes.map(\.messageBytes) == expected.map(\.messageBytes))
        for change in changes {
            #expect(
                change.batch.bytes.count <= limit || change.batch.bytes.count == Int(change.length)
                    || change.length == 0
            )
        }
    }

    @Test func readsEachBatchWithItsOwnRelationsAndTransactions() {
        let old = Encoding(users)
        var new = Encoding(makeRelation(name: "people", [("id", 23, true), ("name", 25, false)]))
        new.headers = [
            TransactionHeader(commitLSN: LSN(rawValue: 1), commitTime: 0, xid: 1),
            TransactionHeader(commitLSN: LSN(rawValue: 2), commitTime: -1, xid: 2),
        ]
        let raw =
            old.raw([WireBytes.insert.bytes]) + new.raw([WireBytes.insert.bytes])
            + new.raw([WireBytes.insert.bytes], transaction: 1)
        var encoder = old.encoder
        let lines = encoder.encode(raw).flatMap(\.lines)
        #expect(lines[0].contains(#""table_name":"users","commit_timestamp":"2026-01-01T03:04:05.678901Z""#))
        #expect(
            lines[1].contains(
                #""table_name":"people","commit_timestamp":"2000-01-01T00:00:00.000000Z","commit_lsn":1,"#
            )
        )
        #expect(
            lines[2].contains(
                #""table_name":"people","commit_timestamp":"1999-12-31T23:59:59.999999Z","commit_lsn":2,"#
            )
        )
    }

    @Test func seesAKeyThatIsResolvedLater() {
        let relation = makeRelation(identity: "f", [("id", 23, true), ("name", 25, true)])
        var encoding = Encoding(relation)
        #expect(encoding.line(.insert).contains(#""record_pks":null"#))
        relation.resolveKey(["id"])
        #expect(encoding.line(.insert).contains(#""record_pks":["1"]"#))
    }

    @Test func staysInsideOfABatchThatIsShorterThanAChangeSays() {
        let encoding = Encoding(users)
        let batch = FrameBatch(
            bytes: WireBytes.insert.bytes,
            relations: encoding.relations,
            transactions: encoding.headers
        )
        var encoder = encoding.encoder
        for (offset, length) in [(0, 1000), (5, Int32.max), (Int32.max, 1), (-5, 10), (0, -3)] as [(Int32, Int32)] {
            let change = RawChange(
                sequence: 1,
                index: 0,
                batch: batch,
                transaction: 0,
                offset: offset,
                length: length,
                cost: 0
            )
            let result = encoder.encode([change])
            #expect(areMessages(result[0].messageBytes, count: 1))
        }
    }
}
