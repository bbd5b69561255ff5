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

    /// Reads a cursor from the base64 of `commitLSN:index` or `commitLSN:index:sub`, all decimal.
    package init?(idempotencyKey key: UnsafeRawBufferPointer) {
        guard let text = Base64.decode(key) else { return nil }
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3 else { return nil }
        let numbers = parts.compactMap { Cursor.decimal($0) }
        guard numbers.count == parts.count, let sub = UInt32(exactly: numbers.count == 3 ? numbers[2] : 0) else {
            return nil
        }
        self.init(commitLSN: LSN(rawValue: numbers[0]), index: numbers[1], sub: sub)
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
