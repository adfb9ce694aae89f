//! Pages of words and lines as the bytes of a PDF: one content stream a page, plain or packed. Equal pages give equal
//! bytes. Knows no report, imports nothing of the project. Here because both draw with it who may not import each
//! other: the simulated league what it publishes, `domain` what its reader of such files must withstand.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// The page: A4, on its side, in points.
const WIDTH: f64 = 842.0;
const HEIGHT: f64 = 595.0;
/// Points of the font.
const SIZE: f64 = 8.0;

/// A page while it is drawn; places are points from its left and upper edge.
#[derive(Debug, Default, Clone)]
pub struct Sheet(String);

impl Sheet {
    /// Words that begin at a place; letters beyond ASCII become question marks.
    pub fn text(&mut self, left: f64, down: f64, text: &str) {
        let plain: String = text.chars().map(|letter| if letter.is_ascii() { letter } else { '?' }).collect();
        let escaped = plain.replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)");
        let up = HEIGHT - down;
        self.0.push_str(&format!("BT /F1 {SIZE} Tf 1 0 0 1 {left:.2} {up:.2} Tm ({escaped}) Tj ET\n"));
    }

    /// A level line.
    pub fn rule(&mut self, left: f64, right: f64, down: f64) {
        let up = HEIGHT - down;
        self.0.push_str(&format!("{left:.2} {up:.2} m {right:.2} {up:.2} l S\n"));
    }

    /// What operators say that nothing here has a word for.
    pub fn operators(&mut self, operators: &str) {
        self.0.push_str(operators);
        self.0.push('\n');
    }
}

/// Whether content streams are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// By Flate, as nearly all PDFs are.
    Flate,
    /// As they are.
    Plain,
}

/// The file of these pages, in Helvetica.
pub fn pdf(pages: &[Sheet], packing: Packing) -> Vec<u8> {
    let font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>";
    pdf_in(font, &[], pages, packing)
}

/// The same in another font; what its dictionary refers to follows as the objects 4, 5 and so on.
pub fn pdf_in(font: &str, of_font: &[Vec<u8>], pages: &[Sheet], packing: Packing) -> Vec<u8> {
    let objects: Vec<Vec<u8>> =
        std::iter::once(font.as_bytes().to_vec()).chain(of_font.iter().cloned()).collect();
    pdf_with("/F1 3 0 R", &objects, pages, packing)
}

/// The same with any fonts: `names` is what stands in each page's dictionary of fonts; `objects`
/// are the objects 3, 4 and so on.
pub fn pdf_with(names: &str, objects: &[Vec<u8>], pages: &[Sheet], packing: Packing) -> Vec<u8> {
    let first = 3 + objects.len();
    let kids: Vec<String> = (0..pages.len()).map(|page| format!("{} 0 R", first + 2 * page)).collect();
    let mut all = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), kids.len()).into_bytes(),
    ];
    all.extend_from_slice(objects);
    for (page, sheet) in pages.iter().enumerate() {
        let content = first + 2 * page + 1;
        all.push(
            format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] \
                 /Resources << /Font << {names} >> >> /Contents {content} 0 R >>"
            )
            .into_bytes(),
        );
        all.push(stream(sheet.0.as_bytes(), packing));
    }
    file(&all)
}

/// A stream object of these bytes.
pub fn stream(bytes: &[u8], packing: Packing) -> Vec<u8> {
    let (filter, body) = match packing {
        Packing::Flate => ("/Filter /FlateDecode ", packed(bytes)),
        Packing::Plain => ("", bytes.to_vec()),
    };
    let mut object = format!("<< {filter}/Length {} >>\nstream\n", body.len()).into_bytes();
    object.extend_from_slice(&body);
    object.extend_from_slice(b"\nendstream");
    object
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes everything")
}

/// The file of these objects, numbered from 1, of which the first is the catalog: with their table and trailer.
pub fn file(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut places = Vec::with_capacity(objects.len());
    for (at, object) in objects.iter().enumerate() {
        places.push(file.len());
        file.extend_from_slice(format!("{} 0 obj\n", at + 1).as_bytes());
        file.extend_from_slice(object);
        file.extend_from_slice(b"\nendobj\n");
    }
    let table = file.len();
    let entries: String = places.iter().map(|place| format!("{place:010} 00000 n \n")).collect();
    let count = objects.len() + 1;
    let trailer = format!(
        "xref\n0 {count}\n0000000000 65535 f \n{entries}trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n"
    );
    file.extend_from_slice(trailer.as_bytes());
    file
}
