//! Joins ways into rings and turns rings the way round that GeoJSON asks for (RFC 7946 §3.1.6).
//! Never closes a ring that the extract left open: half a lake is left out, not guessed.

use super::pbf::Place;

/// Joins lines end to end into closed rings; what stays open is dropped.
pub fn join(mut lines: Vec<Vec<Place>>) -> Vec<Vec<Place>> {
    let mut rings = Vec::new();
    while let Some(mut ring) = lines.pop() {
        while ring.first() != ring.last() || ring.len() < 2 {
            let Some(end) = ring.last().copied() else {
                break;
            };
            let next = lines
                .iter()
                .position(|l| l.first() == Some(&end) || l.last() == Some(&end));
            let Some(i) = next else { break };
            let mut line = lines.swap_remove(i);
            if line.first() != Some(&end) {
                line.reverse();
            }
            ring.extend(line.into_iter().skip(1));
        }
        if is_ring(&ring) {
            rings.push(ring);
        }
    }
    rings
}

/// A ring has four places at least, the last being the first.
pub fn is_ring(line: &[Place]) -> bool {
    line.len() >= 4 && line.first() == line.last()
}

/// Twice the signed area; positive when the ring runs counter-clockwise.
fn area2(ring: &[Place]) -> i128 {
    ring.windows(2)
        .map(|w| {
            i128::from(w[0].lon) * i128::from(w[1].lat)
                - i128::from(w[1].lon) * i128::from(w[0].lat)
        })
        .sum()
}

/// Outer rings run counter-clockwise.
pub fn outer(mut ring: Vec<Place>) -> Vec<Place> {
    if area2(&ring) < 0 {
        ring.reverse();
    }
    ring
}

/// Inner rings run clockwise.
pub fn inner(mut ring: Vec<Place>) -> Vec<Place> {
    if area2(&ring) > 0 {
        ring.reverse();
    }
    ring
}

/// Whether `ring` encloses `place` (even-odd rule).
pub fn encloses(ring: &[Place], place: Place) -> bool {
    let (x, y) = (i128::from(place.lon), i128::from(place.lat));
    ring.windows(2).fold(false, |inside, w| {
        let (ax, ay) = (i128::from(w[0].lon), i128::from(w[0].lat));
        let (bx, by) = (i128::from(w[1].lon), i128::from(w[1].lat));
        if (ay > y) == (by > y) {
            return inside;
        }
        // The crossing lies to the right: x < ax + (y-ay)(bx-ax)/(by-ay), without a division.
        let left = (x - ax) * (by - ay);
        let right = (y - ay) * (bx - ax);
        let crosses = if by > ay { left < right } else { left > right };
        inside ^ crosses
    })
}

/// Each outline with the holes that lie in it, all running the right way round.
pub fn with_holes(outlines: Vec<Vec<Place>>, mut holes: Vec<Vec<Place>>) -> Vec<Vec<Vec<Place>>> {
    let mut surfaces = Vec::new();
    for outline in outlines.into_iter().filter(|o| is_ring(o)) {
        let (inside, rest): (Vec<_>, Vec<_>) = holes
            .into_iter()
            .partition(|hole| hole.first().is_some_and(|p| encloses(&outline, *p)));
        holes = rest;
        let mut surface = vec![outer(outline)];
        surface.extend(inside.into_iter().map(inner));
        surfaces.push(surface);
    }
    surfaces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(list: &[(i32, i32)]) -> Vec<Place> {
        list.iter()
            .map(|(lon, lat)| Place {
                lon: *lon,
                lat: *lat,
            })
            .collect()
    }

    #[test]
    fn ways_in_any_order_and_direction_become_a_ring() {
        let lines = vec![
            places(&[(0, 0), (10, 0)]),
            places(&[(0, 10), (10, 10), (10, 0)]),
            places(&[(0, 10), (0, 0)]),
        ];
        let rings = join(lines);
        assert_eq!(rings.len(), 1);
        assert!(is_ring(&rings[0]));
        assert_eq!(area2(&outer(rings[0].clone())), 200);
        assert_eq!(area2(&inner(rings[0].clone())), -200);
    }

    #[test]
    fn an_open_line_is_left_out() {
        assert!(join(vec![places(&[(0, 0), (1, 0), (1, 1)])]).is_empty());
        assert!(join(vec![places(&[(0, 0), (0, 0)])]).is_empty());
    }

    #[test]
    fn a_hole_finds_its_outline() {
        let square = places(&[(0, 0), (10, 0), (10, 10), (0, 10), (0, 0)]);
        assert!(encloses(&square, Place { lon: 5, lat: 5 }));
        assert!(!encloses(&square, Place { lon: 15, lat: 5 }));
    }
}
