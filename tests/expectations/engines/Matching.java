import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** Answers each line `pattern text` (both base64) with whether Java finds the pattern in the text, as Spark's RLIKE does. */
public class Matching {
    public static void main(String[] arguments) throws IOException {
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (var line = lines.readLine(); line != null; line = lines.readLine()) {
            var parts = line.split(" ", -1);
            try {
                System.out.println(Pattern.compile(decoded(parts[0])).matcher(decoded(parts[1])).find(0));
            } catch (PatternSyntaxException refused) {
                System.out.println("refused: " + refused.getDescription());
            }
        }
    }

    private static String decoded(String text) {
        return new String(Base64.getDecoder().decode(text), StandardCharsets.UTF_8);
    }
}
