package import SluicePostgres

extension Cursor {
    /// Reads the cursor of a message from its `metadata.idempotency_key`.
    ///
    /// The result is `nil` if the line is not one whole JSON object, or holds no such key.
    ///
    /// - Parameter line: One line without its newline.
    package init?(messageLine line: UnsafeRawBufferPointer) {
        guard let key = JSONLine.idempotencyKey(of: line) else { return nil }
        self.init(idempotencyKey: UnsafeRawBufferPointer(rebasing: line[key]))
    }

    /// Reads a cursor from the base64 of `commitLSN:index` or `commitLSN:index:sub`, all decimal; only the last may be
    /// negative.
    package init?(idempotencyKey key: UnsafeRawBufferPointer) {
        guard let text = Base64.decode(key) else { return nil }
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3 else { return nil }
        guard let commitLSN = Cursor.decimal(parts[0]), let index = Cursor.decimal(parts[1]),
            let sub = parts.count == 3 ? Cursor.signedDecimal(parts[2]) : 0
        else { return nil }
        self.init(commitLSN: LSN(rawValue: commitLSN), index: index, sub: sub)
    }

    private static func signedDecimal(_ digits: ArraySlice<UInt8>) -> Int32? {
        guard digits.first == UInt8(ascii: "-") else { return decimal(digits).flatMap { Int32(exactly: $0) } }
        return decimal(digits.dropFirst()).flatMap { Int64(exactly: $0) }.flatMap { Int32(exactly: -$0) }
    }

    private static func decimal(_ digits: ArraySlice<UInt8>) -> UInt64? {
        guard !digits.isEmpty else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard case UInt8(ascii: "0")...UInt8(ascii: "9") = digit else { return nil }
            let (tens, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, isStillTooLarge) = tens.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
            if isTooLarge || isStillTooLarge { return nil }
            value = sum
        }
        return value
    }
}
