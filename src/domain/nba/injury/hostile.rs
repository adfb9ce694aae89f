//! Files that would have the reader fill the memory or never end, and fonts that do not tell what they show: each ends
//! in a fault that says why. And what looks alike but is what real producers write: that is read.

use super::pdf::{Page, Unreadable, pages};
use crate::flow::sheet::{Packing, Sheet, file, pdf, pdf_in, pdf_with, stream};

fn sheet(operators: &str) -> Sheet {
    let mut sheet = Sheet::default();
    sheet.operators(operators);
    sheet
}

/// A page that shows a string, as PDF writes it, in the font.
fn showing(shown: &str) -> Sheet {
    sheet(&format!("BT /F1 8 Tf 20 500 Td {shown} Tj ET"))
}

/// The same text in a font with this map.
fn mapped(map: &[u8], shown: &str) -> Result<Vec<Page>, Unreadable> {
    let font = "<< /Type /Font /Subtype /TrueType /BaseFont /AAAAAA+Sans /ToUnicode 4 0 R >>";
    pages(&pdf_in(font, &[stream(map, Packing::Flate)], &[showing(shown)], Packing::Plain))
}

/// The same in a composite font that maps `<0041>` to an A, with these widths.
fn wide(widths: &str) -> Result<Vec<Page>, Unreadable> {
    let font = "<< /Type /Font /Subtype /Type0 /BaseFont /AAAAAA+Sans /Encoding /Identity-H /DescendantFonts [5 0 R] /ToUnicode 4 0 R >>";
    let descendant = format!("<< /Type /Font /Subtype /CIDFontType2 /DW 500 /W [{widths}] >>").into_bytes();
    let of_font = [stream(b"beginbfchar <0041> <0041> endbfchar", Packing::Flate), descendant];
    pages(&pdf_in(font, &of_font, &[showing("<0041>")], Packing::Plain))
}

fn words(read: Result<Vec<Page>, Unreadable>) -> Vec<String> {
    let pages = read.expect("pages");
    pages.into_iter().flat_map(|page| page.words).map(|word| word.text).collect()
}

#[track_caller]
fn refused(read: Result<Vec<Page>, Unreadable>, why: &str) {
    let reason = read.expect_err(why).reason;
    assert!(reason.contains(why), "`{reason}` instead of `{why}`");
}

#[test]
fn pages_are_bounded() {
    let of = |pages_of: &[Sheet]| pages(&pdf(pages_of, Packing::Flate));
    refused(of(&vec![Sheet::default(); 101]), "101 pages, expected 1 to 100");
    refused(of(&[sheet(&"q ".repeat(1_000))]), "more than 64 states");
    refused(of(&[sheet(&" ".repeat(40 << 20))]), "a stream that unpacks to more than 4194304 bytes");
    refused(of(&[sheet(&"q Q ".repeat(100_001))]), "more than 200000 operators");
    refused(of(&[sheet(&"0 0 m 30 0 l S ".repeat(20_001))]), "more than 20000 level lines");
    let apart = format!("BT /F1 1 Tf {} ET", "(a) Tj 20 0 Td ".repeat(5_001));
    refused(of(&[sheet(&apart)]), "more than 5000 words");
    // Its end, which tells nothing, is never come to.
    refused(of(&[showing(&format!("({}\\001)", "a".repeat(100_001)))]), "more than 100000 letters");
    assert_eq!(words(of(&[showing("(a)")])), ["a"]);
}

/// One stream that all pages name, and a page that names one over and over: the file's bytes say little of either.
#[test]
fn what_streams_unpack_to_is_bounded_over_the_whole_file() {
    let many = |pages_of: usize, contents: &str, content: Vec<u8>| {
        let kids: String = (0..pages_of).map(|page| format!("{} 0 R ", page + 4)).collect();
        let mut objects = vec![
            b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
            format!("<< /Type /Pages /Kids [{kids}] /Count {pages_of} >>").into_bytes(),
            content,
        ];
        let page = format!("<< /Type /Page /Parent 2 0 R /Contents [{contents}] >>");
        objects.extend(vec![page.into_bytes(); pages_of]);
        pages(&file(&objects))
    };
    let blank = |bytes: usize| stream(&vec![b' '; bytes], Packing::Flate);
    refused(many(20, "3 0 R", blank((4 << 20) - 1)), "more than 67108864 bytes in the whole file");
    assert_eq!(many(15, "3 0 R", blank((4 << 20) - 1)).map(|pages| pages.len()), Ok(15));
    refused(many(1, &"3 0 R ".repeat(101), blank(1)), "more than 100 streams");
    refused(many(1, "3 0 R 3 0 R", blank(3 << 20)), "its content: more than 4194304 bytes");
    // What is packed costs too, though nothing comes out of it.
    let mut nothing = b"<< /Filter /ASCIIHexDecode /Length 2000001 >>\nstream\n".to_vec();
    nothing.extend(vec![b' '; 2_000_000]);
    nothing.extend(b">\nendstream");
    refused(many(1, &"3 0 R ".repeat(40), nothing), "more than 67108864 bytes in the whole file");
    let packed = |filters: &str, bytes: &str| {
        format!("<< /Filter [{filters}] /Length {} >>\nstream\n{bytes}\nendstream", bytes.len()).into_bytes()
    };
    refused(many(1, "3 0 R", packed("/FlateDecode /FlateDecode", "x")), "packed more than once");
    // Producers that keep to ASCII pack twice.
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>() + ">";
    let twice = packed("/ASCIIHexDecode /ASCIIHexDecode", &hex(&hex("30 0 m 60 0 l S")));
    assert_eq!(many(1, "3 0 R", twice).expect("a page")[0].rules.len(), 1);
}

#[test]
fn fonts_are_built_where_they_are_used_and_once() {
    let font = |map: usize| {
        format!("<< /Type /Font /Subtype /TrueType /BaseFont /Sans /ToUnicode {map} 0 R >>").into_bytes()
    };
    let show = |names: std::ops::Range<usize>| {
        let show = |name| format!("BT /F{name} 8 Tf 20 500 Td (A) Tj ET\n");
        sheet(&names.map(show).collect::<String>())
    };
    // A hundred names of one font with a full map, on three pages.
    let full = stream(b"beginbfrange <0000> <ffff> <0000> endbfrange", Packing::Flate);
    let names: String = (0..100).map(|name| format!("/F{name} 3 0 R ")).collect();
    let file = pdf_with(&names, &[font(4), full], &vec![show(0..100); 3], Packing::Flate);
    assert_eq!(words(pages(&file)).len(), 3 * 100);
    // A hundred fonts, of which a page uses some.
    let small = stream(b"beginbfchar <41> <0041> endbfchar", Packing::Flate);
    let fonts: Vec<Vec<u8>> = std::iter::once(small).chain((0..100).map(|_| font(3))).collect();
    let names: String = (0..100).map(|name| format!("/F{name} {} 0 R ", name + 4)).collect();
    let using = |pages_of: &[Sheet]| pages(&pdf_with(&names, &fonts, pages_of, Packing::Flate));
    assert_eq!(words(using(&[show(50..66), show(50..82)])).len(), 48);
    refused(using(&[show(0..32), show(32..33)]), "more than 32 fonts");
    // One that cannot be read does no harm where no text is in it.
    let both = [font(5), b"<< /Type /Font /Subtype /Type0 /BaseFont /X >>".to_vec(), fonts[0].clone()];
    let broken =
        |name| pages(&pdf_with("/F0 3 0 R /F1 4 0 R", &both, &[show(name..name + 1)], Packing::Flate));
    assert_eq!(words(broken(0)), ["A"]);
    refused(broken(1), "a composite font without a map to Unicode");
    refused(broken(2), "the font `F2`, which is not there");
    refused(pages(&pdf(&[sheet("BT (A) Tj ET")], Packing::Flate)), "text in no font");
}

#[test]
fn maps_are_bounded() {
    let beyond = "more than 500000 entries in the whole file";
    refused(mapped(b"beginbfrange <00000000> <ffffffff> <0020> endbfrange", "(A)"), "the code `ffffffff`");
    let ranges = |count: usize| [b"beginbfrange ".to_vec(), b"<0000> <ffff> <0020> ".repeat(count)].concat();
    refused(mapped(&ranges(8), "(A)"), beyond);
    assert_eq!(words(mapped(&ranges(7), "(A)")), ["a"]);
    let listed = [b"beginbfrange <00> <ff> [".to_vec(), b"<41>".repeat(500_001), b"]".to_vec()].concat();
    refused(mapped(&listed, "(A)"), beyond);
    refused(mapped(b"beginbfrange <41> <42>", "(A)"), "breaks off");
    // A text without end would be there for each of the codes, and be shown as often as its glyph is.
    let text = |units: usize| format!("beginbfrange <0000> <ffff> <{}> endbfrange", "0041".repeat(units));
    let untold = "the font `AAAAAA+Sans` does not tell what its code 65 says";
    for units in [17, 1_000_000] {
        refused(mapped(text(units).as_bytes(), "(A)"), untold);
    }
    assert_eq!(words(mapped(text(16).as_bytes(), "(\\000)")), ["A".repeat(16)]);
}

#[test]
fn widths_are_bounded_and_their_numbers_too() {
    let beyond = "more than 500000 entries in the whole file";
    refused(wide(&"0 65535 1 ".repeat(8)), beyond);
    refused(wide(&format!("{} 0 [{}]", "0 65535 1 ".repeat(7), "1 ".repeat(65_536))), beyond);
    // Codes that there are not cost nothing.
    let others: String = (1..20).map(|at| format!("{} {} 1 ", at << 16, (at << 16) + 65_535)).collect();
    let widths =
        format!("0 65535 250 {others} 65536 [1] 4294967295 [1 2 3] 4294967295 4294967295 1 65 [500]");
    let read = wide(&widths).expect("pages");
    let word = &read[0].words[0];
    assert_eq!((word.left, word.right), (20.0, 24.0), "half of the font's size");
    for first in ["9223372036854775807", "-9223372036854775808"] {
        let font = format!(
            "<< /Type /Font /Subtype /Type1 /BaseFont /X /Encoding /WinAnsiEncoding /FirstChar {first} /Widths [1 2 3] >>"
        );
        assert_eq!(words(pages(&pdf_in(&font, &[], &[showing("(A)")], Packing::Plain))), ["A"]);
    }
}

/// A letter that nobody can read is no blank. What real producers write is read: subsets that tell their letters in a
/// map, fonts that have an encoding alone, maps that leave out the space or what the encoding tells.
#[test]
fn a_glyph_without_text_is_a_fault_that_names_font_and_code() {
    let map = b"beginbfchar <01> <0041> <02> <0020> <03> <0000> <04> <> endbfchar";
    assert_eq!(words(mapped(map, "(\\001\\002\\001 \\001\\240\\001)")), ["A", "A", "A", "A"]);
    for code in [3, 4, 5, 65] {
        let untold = format!("the font `AAAAAA+Sans` does not tell what its code {code} says");
        refused(mapped(map, &format!("(\\001\\{code:03o}\\001)")), &untold);
    }
    let simple = |entries: &str, shown: &str| {
        let font = format!("<< /Type /Font /Subtype /TrueType /BaseFont /Arial {entries} >>");
        let map = stream(b"beginbfchar <41> <0042> endbfchar", Packing::Flate);
        pages(&pdf_in(&font, &[map], &[showing(shown)], Packing::Plain))
    };
    let win = "/Encoding /WinAnsiEncoding";
    assert_eq!(words(simple(win, "(AZ \\350\\r\\n)")), ["AZ", "è"]);
    assert_eq!(words(simple(&format!("{win} /ToUnicode 4 0 R"), "(AZ A)")), ["BZ", "B"]);
    let differences =
        "/Encoding << /Type /Encoding /BaseEncoding /WinAnsiEncoding /Differences [1 /ccaron] >>";
    assert_eq!(words(simple(differences, "(A\\001)")), ["Ač"]);
    refused(simple(win, "(A\\001)"), "the font `Arial` does not tell what its code 1 says");
    refused(simple("/ToUnicode 4 0 R", "(AZ)"), "the font `Arial` does not tell what its code 90 says");
    assert_eq!(words(wide("")), ["A"]);
    let font = "<< /Type /Font /Subtype /Type0 /BaseFont /Sans /Encoding /Identity-H /ToUnicode 4 0 R >>";
    let map = stream(b"beginbfchar <0041> <0041> <0003> <0020> endbfchar", Packing::Flate);
    let composite =
        |shown| pages(&pdf_in(font, std::slice::from_ref(&map), &[showing(shown)], Packing::Plain));
    assert_eq!(words(composite("<004100030041>")), ["A", "A"]);
    refused(composite("<00410020>"), "the font `Sans` does not tell what its code 32 says");
}
