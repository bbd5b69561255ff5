import Foundation

extension Substring {
    /// A part of a URL with its `%41` decoded; `nil` if that is not text in UTF-8.
    ///
    /// Also `nil` if it contains a 0: C libraries would end the text there.
    package var percentDecoded: String? {
        guard let text = String(self).removingPercentEncoding, !text.utf8.contains(0) else { return nil }
        return text
    }
}
