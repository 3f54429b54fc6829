import HTTPTypes
import Hummingbird

extension Request {
    /// The values of all cookies of that name, in the order in which they were sent: another site of the same domain
    /// may have planted one beside ours.
    func cookies(named name: String) -> [String] {
        var values: [String] = []
        for field in headers[values: .cookie] {
            for pair in field.split(separator: ";") {
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                if parts.count == 2, parts[0].trimmed == name { values.append(parts[1].trimmed) }
            }
        }
        return values
    }
}

extension Substring {
    fileprivate var trimmed: String {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
