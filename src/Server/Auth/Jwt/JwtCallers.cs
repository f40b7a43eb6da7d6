using System.Globalization;
using System.Text;
using RemoteExec.Protocol.Access;

namespace RemoteExec.Server.Auth.Jwt;

/// <summary>Makes callers of an issuer's tokens: what they are called, and what they may do.</summary>
/// <param name="issuer">The issuer.</param>
/// <param name="nameClaim">The claim that is the name.</param>
/// <param name="rules">Who may do what. Whom none of them is for is known, and may do nothing.</param>
internal sealed class JwtCallers(string issuer, string nameClaim, IReadOnlyList<JwtRule> rules)
{
    private const int MaxNameLength = 256;
    private readonly string method = $"jwt of {issuer}";

    /// <summary>The caller with these claims; null if they tell none, and <paramref name="problem"/> says why.</summary>
    public Caller? Of(JwtClaims claims, out string problem)
    {
        problem = "";
        if (claims.ValuesOf(nameClaim) is not [{ Length: > 0 } name])
            problem = $"it does not say whose it is: its claim '{nameClaim}' is missing, empty, or has several values";
        else if (name.Length > MaxNameLength || name.EnumerateRunes().Any(IsInvisible))
            problem = $"its claim '{nameClaim}' is no name: it has more than {MaxNameLength} characters, or some that can't be seen";
        else
            return new Caller(name, method, [.. rules.Where(rule => rule.Fits(claims)).SelectMany(rule => rule.Grants)]);
        return null;
    }

    // Names are shown to operators: what turns lines round, or makes two names look like one, is none.
    private static bool IsInvisible(Rune character) => Rune.GetUnicodeCategory(character) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;
}
